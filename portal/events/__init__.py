"""Press events: their texts, programme, release."""
