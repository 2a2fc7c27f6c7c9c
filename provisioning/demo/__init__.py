"""The demonstration: the real daemon on mock pins, a real broker, and cards held up before it.

It uses the kiosk as anybody would: by its command, its settings, its log and its topics.
"""
