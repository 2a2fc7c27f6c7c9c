"""An operator's commands to kiosks: signed here, sent over a broker, and each answered."""
