"""Gain networks beside coded gain maps (`untone rivals`), and their meta-initialization."""
