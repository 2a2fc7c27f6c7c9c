"""The control: the shipped `kiosk` command, on connections that sync less."""

from benchmarks.disk_model.workload import sync_less
from kiosk.app.cli import main

if __name__ == "__main__":
    sync_less()
    main()
