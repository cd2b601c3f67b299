//! Hostile commands in real sandboxes.
