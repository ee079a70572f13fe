package dhcp

import (
	"errors"
	"net/netip"
	"sync/atomic"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
)

var errMalformed = errors.New("dhcp: not a DHCP request")

// counts are how many requests had each verdict.
type counts [released + 1]atomic.Uint64

// Duty answers DHCP requests.
func Duty() duty.Duty {
	c := &counts{}
	figure := func(v verdict, name, help string) duty.Figure {
		return duty.Figure{Name: name, Help: help, Counter: true, Value: func() float64 { return float64(c[v].Load()) }}
	}
	return duty.Duty{
		Name: "dhcp",
		Packets: map[lower.Opcode]duty.Handler{
			lower.OpPutDHCP:   c.handle(packet.UDP{Src: 68, Dst: 67}, answer4),
			lower.OpPutDHCPv6: c.handle(packet.UDP{Src: 546, Dst: 547}, answer6),
		},
		Figures: []duty.Figure{
			figure(granted, "dhcp_answers_total", "DHCP and DHCPv6 requests that were granted."),
			figure(refused, "dhcp_refusals_total", "DHCP requests for other addresses than the port's."),
			figure(declined, "dhcp_declines_total", "Leases that clients declined, because somebody else has the address."),
			figure(released, "dhcp_releases_total", "Leases that clients gave back."),
		},
	}
}

// verdict is what becomes of a request.
type verdict uint8

const (
	pass     verdict = iota // it is none of ours, and goes on as it came
	granted                 // the client gets what it asks for
	refused                 // it is told that the address is not its own
	declined                // it does not want its address, as somebody has that
	released                // it gives its address back
)

// handle makes a handler of requests with these ports; answer says what the client is
// told.
func (c *counts) handle(ports packet.UDP, answer func(put lower.PutDHCP, d *packet.Datagram, payload []byte) (verdict, reply, error)) duty.Handler {
	return func(p *duty.Packet, out *duty.Out) error {
		args, err := lower.Userdata{Op: p.Op, Args: p.Args}.Decode()
		if err != nil {
			return err
		}
		put := args.(lower.PutDHCP)
		d, ok := packet.ParseDatagram(p.PacketIn.Packet)
		if !ok || d.Proto != packet.ProtoUDP || d.Frag != packet.NoFragment {
			return errMalformed
		}
		udp, payload, ok := packet.ParseUDP(d.Upper)
		if !ok || udp != ports {
			return errMalformed
		}
		v, a, err := answer(put, &d, payload)
		if err != nil {
			return err
		}
		if v != pass {
			c[v].Add(1)
			if a.payload == nil {
				return nil
			}
			p.PacketIn.Packet = udp.Datagram(nil, d.Eth, d.Src, a.to, ttl, a.payload)
			if err := p.SetBit(put.Result); err != nil {
				return err
			}
		}
		out.Resume(p)
		return nil
	}
}

// ttl is that of answers, as of Linux's.
const ttl = 64

// reply is what a client is told, and where; a nil payload is nothing.
type reply struct {
	payload []byte
	to      netip.Addr
}
