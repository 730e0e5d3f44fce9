"""Weights that ship, learned anew by one command each: `./dev train NAME`.

Only sets whose licence is open may be read here: falls_imu_umafall, ecg_mitdb,
sleep_walch_applewatch, adl_ordonez, radar_pointcloud_radhar and the iBeacon part of ble_rssi.
Each module has `train() -> dict[str, float]`: it writes songhe/kernel/data/models/NAME.* and
returns what it measured on the way. The same data give the same weights, byte for byte.
"""
