"""MQTT 3.1.1 without I/O: packets, an incremental parser and an encoder for both sides.

Written from the OASIS standard "MQTT Version 3.1.1" (29 October 2014); the numbers in square
brackets in this package are its normative statements. QoS 2 is parsed nowhere: a PUBLISH that asks
for it is refused, a subscription is granted at most QoS 1.
"""

from songhe.gateway.mqtt.encode import encode
from songhe.gateway.mqtt.packets import (
    Accepted,
    Connack,
    Connect,
    Disconnect,
    Packet,
    Pingreq,
    Pingresp,
    ProtocolError,
    Puback,
    Publish,
    Suback,
    Subscribe,
    Unsuback,
    Unsubscribe,
    Will,
)
from songhe.gateway.mqtt.parse import CLIENT_SENDS, SERVER_SENDS, Parser

__all__ = [
    "CLIENT_SENDS",
    "SERVER_SENDS",
    "Accepted",
    "Connack",
    "Connect",
    "Disconnect",
    "Packet",
    "Parser",
    "Pingreq",
    "Pingresp",
    "ProtocolError",
    "Puback",
    "Publish",
    "Suback",
    "Subscribe",
    "Unsuback",
    "Unsubscribe",
    "Will",
    "encode",
]
