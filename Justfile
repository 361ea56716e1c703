# List the recipes.
default:
    @just --list
