// Places that are given up to newcomers where all are taken: whoever does nothing goes first, and of those the ones of
// who holds most.
#pragma once

#include <boost/intrusive/list.hpp>
#include <memory>

#include "common/base/client_key.h"
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
class Place : public boost::intrusive::list_base_hook<> {
  public:
    /// `holder`: who came, as client_key() has it.
    explicit Place(IdlePlaces& among, const ClientKey& holder = {});
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    void let_to(Tenant* tenant) { tenant_ = tenant; }
    /// Who came has done more than to come: its handshake is done.
    void settle();
    /// There is work: nobody takes the place from now on. Whoever has had work is settled.
    void busy();
    /// There is none any more: waits at the end of the line. One that waits already keeps its turn.
    void idle();
    bool gave_way() const { return gave_way_; }

  private:
    friend class IdlePlaces;
    struct Books;
    struct Holding;
    struct Holder;
    struct Line;

    bool waits() const { return is_linked(); }
    void enter();
    void leave();

    std::shared_ptr<Books> books_;  ///< coroutines with places may be taken apart after who counted them
    Holder* holder_;
    Tenant* tenant_ = nullptr;
    bool settled_ = false;
    bool gave_way_ = false;
};

/// The places of one thread whose tenants are idle. Newcomers, who have only come so far, and those who have settled
/// wait in two lines. Of a line, the one who waits longest among those of the holder that has most there goes first:
/// one who takes places as fast as he loses them takes them from himself. Newcomers go first while they have more than
/// a quarter of all idle places, and the settled after that: half handshakes do not drive out who has finished his, and
/// who comes finds a place where others rest.
class IdlePlaces {
  public:
    IdlePlaces();
    IdlePlaces(const IdlePlaces&) = delete;
    IdlePlaces& operator=(const IdlePlaces&) = delete;
    ~IdlePlaces();

    /// The next tenant is told to leave; false when none is idle.
    bool free_one();

  private:
    friend class Place;
    std::shared_ptr<Place::Books> books_;
};

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
    void settle() {
        if (place_ != nullptr) {
            place_->settle();
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
