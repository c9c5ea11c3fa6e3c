// Whose turn it is to leave; see give_way.h.
#include "common/net/give_way.h"

#include <array>
#include <map>
#include <vector>

namespace adit::net {
namespace {

constexpr std::size_t kNewcomersPart = 4;  ///< of idle places, newcomers may have one in so many before they go first

}  // namespace

/// What one holder has in one line, in the order in which it became idle.
struct Place::Holding : boost::intrusive::list_base_hook<> {
    boost::intrusive::list<Place> places;
};

/// Stays while it has places, idle or not, so that a request costs no allocation.
struct Place::Holder {
    explicit Holder(const ClientKey& of) : key(of) {}
    ClientKey key;
    std::array<Holding, 2> holdings{};  ///< newcomers, settled
    std::size_t places = 0;
};

/// Holdings by their size, so that the largest is found at once; of several, the one that has been as large for
/// longest.
struct Place::Line {
    void enter(Holding& holding, Place& place) {
        rank_out(holding);
        holding.places.push_back(place);
        rank_in(holding);
        ++places;
    }
    void leave(Holding& holding, Place& place) {
        rank_out(holding);
        holding.places.erase(holding.places.iterator_to(place));
        rank_in(holding);
        --places;
    }
    /// Null when there is none.
    Place* next() {
        while (!by_size.empty() && by_size.back().empty()) {
            by_size.pop_back();
        }
        return by_size.empty() ? nullptr : &by_size.back().front().places.front();
    }

    std::vector<boost::intrusive::list<Holding>> by_size;  ///< of one place at 0, and so on
    std::size_t places = 0;

  private:
    void rank_out(Holding& holding) {
        if (holding.is_linked()) {
            auto& rank = by_size[holding.places.size() - 1];
            rank.erase(rank.iterator_to(holding));
        }
    }
    void rank_in(Holding& holding) {
        const std::size_t size = holding.places.size();
        if (size > by_size.size()) {
            by_size.resize(size);
        }
        if (size > 0) {
            by_size[size - 1].push_back(holding);
        }
    }
};

struct Place::Books {
    std::map<ClientKey, Holder> holders;  ///< a tree: strangers choose the keys
    std::array<Line, 2> lines;            ///< newcomers, settled

    Place* next() {
        auto& [newcomers, settled] = lines;
        const bool many = newcomers.places * kNewcomersPart > newcomers.places + settled.places;
        return many ? newcomers.next() : settled.next();
    }
};

Place::Place(IdlePlaces& among, const ClientKey& holder)
    : books_(among.books_), holder_(&books_->holders.try_emplace(holder, holder).first->second) {
    ++holder_->places;
    enter();
}

Place::~Place() {
    leave();
    if (--holder_->places == 0) {
        books_->holders.erase(holder_->key);
    }
}

void Place::enter() {
    books_->lines[settled_ ? 1 : 0].enter(holder_->holdings[settled_ ? 1 : 0], *this);
}

void Place::leave() {
    if (waits()) {
        books_->lines[settled_ ? 1 : 0].leave(holder_->holdings[settled_ ? 1 : 0], *this);
    }
}

void Place::settle() {
    if (settled_) {
        return;
    }
    const bool waited = waits();
    leave();
    settled_ = true;
    if (waited) {
        enter();
    }
}

void Place::busy() {
    leave();
    settled_ = true;
}

void Place::idle() {
    if (!waits() && !gave_way_) {
        enter();
    }
}

IdlePlaces::IdlePlaces() : books_(std::make_shared<Place::Books>()) {}

IdlePlaces::~IdlePlaces() = default;

bool IdlePlaces::free_one() {
    while (Place* const next = books_->next()) {
        next->leave();
        if (next->tenant_ != nullptr) {
            next->gave_way_ = true;
            next->tenant_->give_way();
            return true;
        }
    }
    return false;
}

}  // namespace adit::net
