"""Sources: one file for each kind of broker. The file name is `[source] kind`."""
