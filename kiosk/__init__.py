"""Door Kiosk: firmware that scans the QR card a person holds up at a door."""

__version__ = "0.1.0"
