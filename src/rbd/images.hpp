#pragma once
/// \file
/// Steps by which the images of a run are opened and made. On the control thread; all block. A
/// returned text is the one message for the user; empty: done.

#include "world.hpp"

namespace chopsticks::rbd {

/// Opens by its name. \param missing set to whether there is none
std::string open_one(world& w, image& i, bool& missing);

/// Makes an image, marks it and only then gives it its name, so that a run that is killed in
/// between leaves nothing that the next one has to take for somebody else's. Leaves it open.
std::string make_one(world& w, image& i);

/// The features of an open image, as the tool rbd calls them; empty where they cannot be had.
std::vector<std::string> features_of(rbd_image_t image);

/// Warns where blocks will be read that were never written, or may be.
void look_for_holes(world& w, image& i);

/// How left_behind() calls an image that is being renamed.
std::string either_path(const world& w, const std::string& making, const std::string& name);

/// LUKS: formats a new image, or opens an old one.
std::string encrypt(const world& w, const image& i, bool format);

/// Waits until no other living client holds the lock. A holder that was killed is a watcher until
/// the cluster has missed it for some 30 s.
std::string wait_for_lock(world& w, const image& i);

/// The client that holds the image's exclusive lock and still watches the image; empty: nobody.
std::string lock_holder(rbd_image_t image);

/// What the filled mark says of an image that this run may read without prefilling it.
std::string fill_mark(const world& w, const image& i);

/// Makes the table of what blocks hold, with what the image's ledger says of them.
std::string prepare_table(world& w, image& i);

}  // namespace chopsticks::rbd
