"""Two names of the kernel's display library, which picamera2 reads when it is imported.

Its preview on a screen would need the real ones; a kiosk has no screen. Debian has no such package.
"""


class _AnyName:
    def __getattr__(self, name: str) -> str:
        return name


PixelFormat = _AnyName()
PlaneType = _AnyName()
