//! The link to the API: says hello on every connection, applies commands before acknowledging them, sends events and
//! the second's figures.
