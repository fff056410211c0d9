"""The demo: a plainly invented company whose months of work are played through the real engine."""
