"""Answer `POST /graphql` from an SDL of the schema's parts that issue automation uses."""
