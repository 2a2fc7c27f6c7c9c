"""What a door does, as pure computation: no clock, no file, no socket, no log.

Time, sightings and faults come in as cues; what should happen goes out as effects.
"""
