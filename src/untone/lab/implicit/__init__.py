"""Gain-MLP's experiments: gain networks compared with coded gain maps (`untone rivals`), and meta-initialization."""
