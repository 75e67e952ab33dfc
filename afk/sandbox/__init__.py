"""Strict, stateful stand-ins for every foreign system. They share no type with the product."""
