"""Telemetry: stored readings, latest values, waveforms, dead letters (测量数据)."""
