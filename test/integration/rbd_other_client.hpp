#pragma once
// Another client of the cluster, for what the driver is not to be asked itself.

#include <doctest/doctest.h>
#include <rados/librados.h>
#include <rbd/librbd.h>

#include <cstdint>
#include <string>

namespace chopsticks::test {

class other_client {
  public:
    other_client() {
        REQUIRE(rados_create2(&cluster_, "ceph", "client.admin", 0) == 0);
        REQUIRE(rados_conf_read_file(cluster_, nullptr) == 0);
        REQUIRE(rados_connect(cluster_) == 0);
        REQUIRE(rados_ioctx_create(cluster_, "rbd", &pool) == 0);
    }
    ~other_client() {
        rados_ioctx_destroy(pool);
        rados_shutdown(cluster_);
    }
    other_client(const other_client&) = delete;
    other_client& operator=(const other_client&) = delete;

    bool exists(const char* name) const {
        rbd_image_t image = nullptr;
        if (rbd_open_read_only(pool, name, &image, nullptr) != 0) return false;
        rbd_close(image);
        return true;
    }
    std::string read(const char* name, std::uint64_t offset, std::size_t bytes) const {
        rbd_image_t image = nullptr;
        REQUIRE(rbd_open_read_only(pool, name, &image, nullptr) == 0);
        std::string data(bytes, '?');
        REQUIRE(rbd_read(image, offset, bytes, data.data()) == static_cast<ssize_t>(bytes));
        rbd_close(image);
        return data;
    }
    void write(const char* name, std::uint64_t offset, const std::string& data) const {
        rbd_image_t image = nullptr;
        REQUIRE(rbd_open(pool, name, &image, nullptr) == 0);
        REQUIRE(rbd_write(image, offset, data.size(), data.data()) ==
                static_cast<ssize_t>(data.size()));
        rbd_close(image);
    }
    template <typename F>
    void with(const char* name, F f) const {
        rbd_image_t image = nullptr;
        REQUIRE(rbd_open(pool, name, &image, nullptr) == 0);
        f(image);
        rbd_close(image);
    }
    void make(const char* name, std::uint64_t bytes) const {
        int order = 22;
        REQUIRE(rbd_create2(pool, name, bytes, 1 | 4, &order) == 0);
    }
    bool remove(const char* name) const { return rbd_remove(pool, name) == 0; }
    void rename(const char* from, const char* to) const {
        REQUIRE(rbd_rename(pool, from, to) == 0);
    }
    void snapshot(const char* name, const char* snapshot) const {
        with(name, [&](rbd_image_t image) { REQUIRE(rbd_snap_create(image, snapshot) == 0); });
    }
    void remove_snapshot(const char* name, const char* snapshot) const {
        with(name, [&](rbd_image_t image) { REQUIRE(rbd_snap_remove(image, snapshot) == 0); });
    }
    void roll_back(const char* name, const char* snapshot) const {
        with(name, [&](rbd_image_t image) { REQUIRE(rbd_snap_rollback(image, snapshot) == 0); });
    }
    std::string metadata(const char* name, const char* key) const {
        char value[256] = "";
        std::size_t size = sizeof value - 1;
        with(name, [&](rbd_image_t image) { rbd_metadata_get(image, key, value, &size); });
        return value;
    }
    void set_metadata(const char* name, const char* key, const char* value) const {
        with(name, [&](rbd_image_t image) { REQUIRE(rbd_metadata_set(image, key, value) == 0); });
    }
    /// As a run marks an image that it made.
    void mark(const char* name, const char* run) const {
        with(name, [&](rbd_image_t image) {
            char id[128] = "";
            REQUIRE(rbd_get_id(image, id, sizeof id) == 0);
            REQUIRE(rbd_metadata_set(image, "chopsticks.image", id) == 0);
            REQUIRE(rbd_metadata_set(image, "chopsticks.run", run) == 0);
        });
    }
    /// Objects of the image's ledger, of the generation that counts.
    std::string ledger_object(const char* name) const {
        char id[128] = "";
        with(name, [&](rbd_image_t image) { rbd_get_id(image, id, sizeof id); });
        const std::string named = metadata(name, "chopsticks.ledger");
        REQUIRE(named.starts_with("generation="));
        return "chopsticks_ledger." + std::string(id) + "." +
               std::to_string(std::stoul(named.substr(11))) + ".0";
    }

    rados_ioctx_t pool = nullptr;

  private:
    rados_t cluster_ = nullptr;
};

}  // namespace chopsticks::test
