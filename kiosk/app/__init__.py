"""The application: the only place that names adapters and puts the floors together."""
