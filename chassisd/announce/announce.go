package announce

import (
	"net/netip"
	"slices"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
)

// The time between two announcements doubles from first; it ends with last, or
// where there is a longest time it stays at that.
const (
	first = time.Second
	last  = 16 * time.Second
)

// Duty makes the duty.
func Duty() duty.Duty {
	a := &announcer{all: map[tables.Announced]*announcement{}}
	return duty.Duty{Name: "announce", Read: a.read, Wake: a.wake}
}

// announcer belongs to the runner's goroutine, but for told.
type announcer struct {
	all     map[tables.Announced]*announcement
	longest time.Duration // garp-max-timeout-sec, 0 for none
	told    time.Duration // belongs to who owns the tables
}

// announcement is an address that is announced.
type announcement struct {
	at   tables.PortAt
	next time.Time // zero for no more
	wait time.Duration
}

func (a *announcer) read(t *tables.Tables) func(*duty.Out) {
	changes := slices.Clone(t.Announcements.Changes())
	longest, _ := t.AnnounceFor.Get(struct{}{})
	if len(changes) == 0 && longest == a.told {
		return nil
	}
	again := longest != a.told
	a.told = longest
	return func(out *duty.Out) {
		a.longest = longest
		for _, c := range changes {
			switch old := a.all[c.Key]; {
			case !c.Has:
				delete(a.all, c.Key)
			case old != nil:
				old.at = c.New
			default:
				a.all[c.Key] = &announcement{at: c.New, next: out.Now(), wait: first}
			}
		}
		if again {
			for _, n := range a.all {
				n.next, n.wait = out.Now(), first
			}
		}
		a.wake(out)
	}
}

// wake announces what it is time for.
func (a *announcer) wake(out *duty.Out) {
	now := out.Now()
	var next time.Time
	for what, n := range a.all {
		if n.next.IsZero() {
			continue
		}
		if !n.next.After(now) {
			send(what, n.at, out)
			a.plan(n, now)
		}
		if !n.next.IsZero() && (next.IsZero() || n.next.Before(next)) {
			next = n.next
		}
	}
	out.At(next)
}

// plan sets when the next one is due.
func (a *announcer) plan(n *announcement, now time.Time) {
	end := last
	if a.longest > 0 {
		end = a.longest
	}
	switch {
	case n.wait < end:
		n.next = now.Add(n.wait)
		n.wait *= 2
	case a.longest > 0:
		n.next = now.Add(end)
	default:
		n.next = time.Time{}
	}
}

// send announces an address: as a packet that comes in by the port, so that the
// switch floods it.
func send(what tables.Announced, at tables.PortAt, out *duty.Out) {
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, uint64(ofp.PortController))
	m.Set(ofp.Metadata, at.Metadata)
	m.Set(ofp.Reg14, uint64(at.Key))
	var acts ofp.ActionBuilder
	acts.Resubmit(lower.TableLogIngress)
	out.Send(&ofp.PacketOut{Fields: m.Match(), Actions: acts.Actions(), Packet: frame(what)})
}

// frame is what is said of an address. IPv6 addresses are those of routers: a host
// that heard of one without that flag would no longer route by it (RFC 4861, 7.2.5).
func frame(what tables.Announced) []byte {
	eth := packet.Ethernet{Src: what.MAC, Dst: packet.MAC{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}
	none := netip.IPv4Unspecified()
	switch {
	case !what.IP.IsValid():
		eth.Type = packet.TypeRARP
		return packet.ARP{Op: packet.RARPRequest, SHA: what.MAC, THA: what.MAC, SPA: none, TPA: none}.Append(eth.Append(nil))
	case what.IP.Is6():
		return packet.Advertise(nil, what.MAC, what.IP, packet.NARouter|packet.NAOverride)
	}
	eth.Type = packet.TypeARP
	return packet.ARP{Op: packet.ARPRequest, SHA: what.MAC, SPA: what.IP, TPA: what.IP}.Append(eth.Append(nil))
}
