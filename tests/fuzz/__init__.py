"""What arrives from outside, made up: every decoder, the MQTT codec, a connection, HTTP bodies."""
