"""What only OCPP 1.6 knows: its messages and the dialect that speaks them."""
