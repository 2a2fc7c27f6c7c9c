"""What courier and uplinks are made of: the policy, its turns, and one connection over MQTT.

No file here is an adapter, and only `network` and `turns` do anything.
"""
