"""Where devices come in: MQTT connections and HTTP calls."""
