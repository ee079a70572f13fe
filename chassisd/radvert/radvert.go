package radvert

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/physical"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
)

// The first advertisements of a port follow each other soon: RFC 4861, section 10.
const (
	initial  = 3
	soonLast = 16 * time.Second
)

// advertiser belongs to the runner's goroutine.
type advertiser struct {
	all map[schema.UUID]*advert
}

// advert is what a port says, and when.
type advert struct {
	tables.LocalAdvert
	sent int
	next time.Time
}

// Duty makes the duty.
func Duty() duty.Duty {
	a := &advertiser{all: map[schema.UUID]*advert{}}
	return duty.Duty{Name: "radvert", Packets: map[lower.Opcode]duty.Handler{lower.OpPutNDRA: answer}, Read: a.read, Wake: a.wake}
}

var errNotRS = errors.New("radvert: not a router solicitation")

// answer makes a solicitation the advertisement; flows fill in from whom it is, and to
// whom.
func answer(p *duty.Packet, out *duty.Out) error {
	args, err := lower.Userdata{Op: p.Op, Args: p.Args}.Decode()
	if err != nil {
		return err
	}
	put := args.(lower.PutNDRA)
	d, ok := packet.ParseDatagram(p.PacketIn.Packet)
	if !ok || d.Eth.Type != packet.TypeIPv6 || !packet.IsRouterSolicitation(&d) {
		return errNotRS
	}
	p.PacketIn.Packet = packet.Advertisement(nil, d.Eth, d.Src, d.Dst, put.Message)
	if err := p.SetBit(put.Result); err != nil {
		return err
	}
	out.Resume(p)
	return nil
}

func (a *advertiser) read(t *tables.Tables) func(*duty.Out) {
	changes := slices.Clone(t.Adverts.Changes())
	if len(changes) == 0 {
		return nil
	}
	return func(out *duty.Out) {
		for _, c := range changes {
			if !c.Has {
				delete(a.all, c.Key)
				continue
			}
			a.all[c.Key] = &advert{LocalAdvert: c.New, next: out.Now()} // what has changed is told at once
		}
		a.wake(out)
	}
}

// wake sends what it is time for.
func (a *advertiser) wake(out *duty.Out) {
	now := out.Now()
	var next time.Time
	for _, n := range a.all {
		if !n.next.After(now) {
			n.send(out)
			n.next = now.Add(n.wait())
		}
		if next.IsZero() || n.next.Before(next) {
			next = n.next
		}
	}
	out.At(next)
}

// wait is how long it is until the next one.
func (n *advert) wait() time.Duration {
	wait := n.Least + time.Duration(rand.Int64N(int64(n.Most-n.Least)+1))
	if n.sent < initial {
		wait = min(wait, soonLast)
	}
	return wait
}

// send sends one as a packet that comes in by the router's port, for the ports of this
// chassis.
func (n *advert) send(out *duty.Out) {
	n.sent++
	var m ofp.MatchBuilder
	m.Set(ofp.InPort, uint64(ofp.PortController))
	m.Set(ofp.Metadata, n.Via.Metadata)
	m.Set(ofp.Reg14, uint64(n.Via.Key))
	m.Set(ofp.Reg10, physical.FlagLocalOnly)
	var acts ofp.ActionBuilder
	acts.Resubmit(lower.TableLogIngress)
	eth := packet.Ethernet{Src: n.MAC, Dst: packet.MAC{0x33, 0x33, 0, 0, 0, 1}}
	frame := packet.Advertisement(nil, eth, n.Src, netip.IPv6LinkLocalAllNodes(), []byte(n.Message))
	out.Send(&ofp.PacketOut{Fields: m.Match(), Actions: acts.Actions(), Packet: frame})
}
