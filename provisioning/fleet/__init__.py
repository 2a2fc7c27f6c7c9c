"""The operator's fleet: who signs certificates, which kiosks there are, and what a broker allows.

A root key signs issuing keys and then lies in a safe; an issuing key signs the certificates of
kiosks. The roll says which sites, devices, claims and certificates there are. No key of a kiosk is
ever made here, but in the form for a bench, which says so.
"""
