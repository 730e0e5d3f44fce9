"""The hot path: devices speak MQTT or HTTP; decode, normalise, judge, write, acknowledge."""
