// Places that are given up to newcomers where all are taken: whoever has gone longest without work goes first.
#pragma once

#include <boost/intrusive/list.hpp>

#include "common/net/stream.h"

namespace adit::net {

/// Who has a place.
class Tenant {
  public:
    /// Another needs the place: ends within moments. Called once at most, and only while it is idle.
    virtual void give_way() = 0;

  protected:
    ~Tenant() = default;
};

class IdlePlaces;

/// One place, idle from the start. Its tenants may change; it is nobody's for no longer than a call.
class Place : public boost::intrusive::list_base_hook<boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
  public:
    explicit Place(IdlePlaces& among) : among_(among) { idle(); }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;

    void let_to(Tenant* tenant) { tenant_ = tenant; }
    /// There is work: nobody takes the place from now on.
    void busy() { unlink(); }
    /// There is none any more: waits at the end of the line. One that waits already keeps its turn.
    void idle();
    bool gave_way() const { return gave_way_; }

  private:
    friend class IdlePlaces;
    IdlePlaces& among_;
    Tenant* tenant_ = nullptr;
    bool gave_way_ = false;
};

/// The places of one thread whose tenants are idle, in the order in which they became so.
class IdlePlaces {
  public:
    /// The tenant that has been idle longest is told to leave; false when none is idle.
    bool free_one();

  private:
    friend class Place;
    boost::intrusive::list<Place, boost::intrusive::constant_time_size<false>> idle_;
};

inline void Place::idle() {
    if (!is_linked() && !gave_way_) {
        among_.idle_.push_back(*this);
    }
}

inline bool IdlePlaces::free_one() {
    while (!idle_.empty()) {
        Place& longest = idle_.front();
        longest.unlink();
        if (longest.tenant_ != nullptr) {
            longest.gave_way_ = true;
            longest.tenant_->give_way();
            return true;
        }
    }
    return false;
}

/// Has a place for as long as it lives; none where there is no place to have.
class Tenancy {
  public:
    Tenancy(Place* place, Tenant& tenant) : place_(place) { let_to(&tenant); }
    Tenancy(const Tenancy&) = delete;
    Tenancy& operator=(const Tenancy&) = delete;
    ~Tenancy() { let_to(nullptr); }

    void busy() {
        if (place_ != nullptr) {
            place_->busy();
        }
    }
    void idle() {
        if (place_ != nullptr) {
            place_->idle();
        }
    }

  private:
    void let_to(Tenant* tenant) {
        if (place_ != nullptr) {
            place_->let_to(tenant);
        }
    }
    Place* place_;
};

/// A stream as a tenant, while it is made: to leave is to be aborted.
class StreamInPlace final : public Tenant {
  public:
    StreamInPlace(Place* place, Stream& stream) : stream_(stream), tenancy_(place, *this) {}
    void give_way() override { stream_.abort(Errc::aborted); }

  private:
    Stream& stream_;
    Tenancy tenancy_;
};

}  // namespace adit::net
