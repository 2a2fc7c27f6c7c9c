"""Onboarding codes: everything a kiosk needs to become a door, signed, in one QR symbol."""
