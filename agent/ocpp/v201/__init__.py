"""What only OCPP 2.0.1 knows: its messages and the dialect that speaks them."""
