#include <array>
#include <chopsticks/runtime/task.hpp>

namespace chopsticks::runtime {

namespace {

constexpr std::size_t step_bytes = 64;
constexpr std::size_t step_count = 64;  // up to 4 KiB

struct free_block {
    free_block* next;
};

/// What one thread keeps; given back when the thread ends.
struct free_lists {
    std::array<free_block*, step_count> heads{};
    ~free_lists() {
        for (free_block* block : heads) {
            while (block != nullptr)
                ::operator delete(std::exchange(block, block->next));
        }
        heads.fill(nullptr);
    }
};

thread_local free_lists lists;

}  // namespace

void* frame_pool::allocate(std::size_t bytes) {
    const std::size_t step = (bytes - 1) / step_bytes;
    if (step >= step_count) return ::operator new(bytes);
    free_block*& head = lists.heads[step];
    if (head == nullptr) return ::operator new((step + 1) * step_bytes);
    return std::exchange(head, head->next);
}

void frame_pool::release(void* block, std::size_t bytes) noexcept {
    const std::size_t step = (bytes - 1) / step_bytes;
    if (step >= step_count) {
        ::operator delete(block);
        return;
    }
    free_block*& head = lists.heads[step];
    head = new (block) free_block{head};
}

}  // namespace chopsticks::runtime
