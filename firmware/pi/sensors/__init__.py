"""What a Pi measures with: drivers on I2C, data sets, and a synthetic source."""
