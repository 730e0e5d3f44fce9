"""Where a person is: rooms and metres from beacons indoors, wandering and return outdoors."""
