"""Certificates, keys and trust. Whoever needs one of these modules imports it late: they load `cryptography`."""
