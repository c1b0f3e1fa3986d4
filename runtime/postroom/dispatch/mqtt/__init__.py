"""The MQTT 5 door: what happens goes out as CloudEvents, commands come in; a broker that is away stops nothing."""
