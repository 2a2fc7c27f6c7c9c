"""How a kiosk without provisioning becomes a door: one signed symbol, held before its own eye.

`form` says what an onboarding code is and which one is believed, `machine` what comes after what,
`bootstrap` keeps the key to which an operator seals a Wi-Fi password. Nothing here runs anything:
whoever reads a code asks the network, the enrolment server and the disk for what it says.
"""
