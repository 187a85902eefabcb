/* device.h - an interface of the caller's network namespace goes into another one, as a config.json asks for it. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* The name of an interface, or one that ends in "%d", which stands for the first number that is free. */
bool device_name_valid(const char *name);

/* Moves it under the name `as` (NULL: its own), gives it its permanent addresses of global scope again, which it loses
   on the way, and sets it up. netns is an fd. -ENODEV: there is none; -EEXIST: the other namespace has one of this
   name. */
int device_move(int netns, const char *name, const char *as, struct error *err);
