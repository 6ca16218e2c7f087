"""Fulfilment: ship parcels, redeem vouchers."""
