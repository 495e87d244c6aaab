"""Where facts go besides the bridge's own store: MQTT, InfluxDB, CSV and Parquet (docs/sinks.md)."""
