"""The eye: camera frames in, payload bytes out, in a process of its own.

It parses pictures that anybody may hold up, so it holds no key, has no network and writes no disk.
Frames never leave it and are never stored. What crosses to the kiosk process are the JSON lines of
`kiosk.eye.messages`.
"""
