"""The device tier: collected only inside the device tree, where run.sh starts it.

Elsewhere there is no such camera, and a test that is skipped everywhere says nothing: outside the
tree this folder is empty, and `bash provisioning/test.sh --device` fails where it cannot be had.
"""

import os

collect_ignore_glob = ["shim/*"] if "DEVICE_TIER" in os.environ else ["*.py"]
