package dns

import (
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/miekg/dns"

	"github.com/weft-sdn/weft/chassisd/duty"
	"github.com/weft-sdn/weft/chassisd/lower"
	"github.com/weft-sdn/weft/chassisd/packet"
	"github.com/weft-sdn/weft/chassisd/tables"
	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/schema"
)

const (
	ttl      = 3600 // seconds that an answer may be kept, as of OVN's
	hopLimit = 64
	// ednsSize is how large queries may be, and answers are, which no link is too narrow
	// for: RFC 9715.
	ednsSize = 1232
)

// responder knows the names. It belongs to the runner's goroutine.
type responder struct {
	rows map[schema.UUID]*names
	at   map[uint32][]schema.UUID // by tunnel key of the switch, in order
	on   map[tables.Member]uint32 // the same by row and switch

	answered, left atomic.Uint64
}

// names are those of a row.
type names struct {
	owned bool
	parts map[string]tables.Names
	all   map[string]string // values by name in lower case, without the dot at its end
}

// Duty answers queries.
func Duty() duty.Duty {
	d := &responder{rows: map[schema.UUID]*names{}, at: map[uint32][]schema.UUID{}, on: map[tables.Member]uint32{}}
	return duty.Duty{
		Name:    "dns",
		Packets: map[lower.Opcode]duty.Handler{lower.OpDNSLookup: d.handle},
		Read:    d.read,
		Figures: []duty.Figure{
			{Name: "dns_answers_total", Help: "DNS queries that were answered.", Counter: true, Value: func() float64 { return float64(d.answered.Load()) }},
			{Name: "dns_passes_total", Help: "DNS queries that went on, for what nobody gave.", Counter: true, Value: func() float64 { return float64(d.left.Load()) }},
		},
	}
}

func (d *responder) read(t *tables.Tables) func(*duty.Out) {
	parts, at, owned := slices.Clone(t.Names.Changes()), slices.Clone(t.NamesAt.Changes()), slices.Clone(t.OwnedNames.Changes())
	if len(parts)+len(at)+len(owned) == 0 {
		return nil
	}
	return func(*duty.Out) {
		changed := map[schema.UUID]bool{}
		for _, c := range parts {
			row := d.row(c.Key.Row)
			if changed[c.Key.Row] = true; c.Has {
				row.parts[c.Key.Part] = c.New
			} else {
				delete(row.parts, c.Key.Part)
			}
		}
		for _, c := range owned {
			d.row(c.Key).owned = c.Has
		}
		for id := range changed {
			d.rows[id].collect()
			if len(d.rows[id].parts) == 0 {
				delete(d.rows, id)
			}
		}
		for _, c := range at {
			d.place(c.Key, c.New, c.Has)
		}
	}
}

func (d *responder) row(id schema.UUID) *names {
	row := d.rows[id]
	if row == nil {
		row = &names{parts: map[string]tables.Names{}}
		d.rows[id] = row
	}
	return row
}

// collect takes the names of all parts.
func (n *names) collect() {
	n.all = map[string]string{}
	for _, part := range n.parts {
		part.Each(func(name, value string) { n.all[canonical(name)] = value })
	}
}

// place notes that a switch has the names of a row, or has no longer.
func (d *responder) place(m tables.Member, key uint32, has bool) {
	if old, had := d.on[m]; had {
		d.at[old] = slices.DeleteFunc(d.at[old], func(id schema.UUID) bool { return id == m.Group })
		if len(d.at[old]) == 0 {
			delete(d.at, old)
		}
		delete(d.on, m)
	}
	if !has {
		return
	}
	d.on[m] = key
	d.at[key] = append(d.at[key], m.Group)
	slices.SortFunc(d.at[key], schema.UUID.Compare)
}

// canonical is a name as it is compared: RFC 4343.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// find returns the value of a name on a switch. Of rows with one name the first counts.
func (d *responder) find(key uint32, name string) (value string, owned, ok bool) {
	name = canonical(name)
	for _, id := range d.at[key] {
		if row := d.rows[id]; row != nil {
			if value, ok := row.all[name]; ok {
				return value, row.owned, true
			}
		}
	}
	return "", false, false
}

// handle makes a query the answer to it.
func (d *responder) handle(p *duty.Packet, out *duty.Out) error {
	args, err := lower.Userdata{Op: p.Op, Args: p.Args}.Decode()
	if err != nil {
		return err
	}
	if frame := d.answerFrame(p); frame != nil {
		p.PacketIn.Packet = frame
		if err := p.SetBit(args.(lower.DNSLookup).Result); err != nil {
			return err
		}
		d.answered.Add(1)
	} else {
		d.left.Add(1)
	}
	out.Resume(p)
	return nil
}

// answerFrame is the answer to a packet, nil if there is none.
func (d *responder) answerFrame(p *duty.Packet) []byte {
	ip, ok := packet.ParseDatagram(p.PacketIn.Packet)
	if !ok || ip.Proto != packet.ProtoUDP || ip.Frag != packet.NoFragment {
		return nil
	}
	udp, payload, ok := packet.ParseUDP(ip.Upper)
	if !ok {
		return nil
	}
	answer := d.answer(lower.Key(p.Field(ofp.Metadata)), payload)
	if answer == nil {
		return nil
	}
	return udp.Datagram(nil, ip.Eth, ip.Src, ip.Dst, hopLimit, answer)
}

// answer is the answer to a query on a switch, nil if there is none.
func (d *responder) answer(key uint32, payload []byte) []byte {
	var query dns.Msg
	if len(d.at[key]) == 0 || query.Unpack(payload) != nil {
		return nil
	}
	if query.Response || query.Opcode != dns.OpcodeQuery || query.Truncated || len(query.Question) != 1 || len(query.Answer)+len(query.Ns) > 0 {
		return nil
	}
	q := query.Question[0]
	if q.Qclass != dns.ClassINET && q.Qclass != dns.ClassANY {
		return nil
	}
	value, owned, ok := d.find(key, q.Name)
	if !ok {
		return nil
	}
	records, known := recordsOf(q, value)
	if !known && !owned {
		return nil
	}
	reply := new(dns.Msg).SetReply(&query)
	reply.Answer = records
	size := dns.MinMsgSize
	if opt := query.IsEdns0(); opt != nil { // RFC 6891, section 6.1.1
		size = min(max(size, int(opt.UDPSize())), ednsSize)
		reply.SetEdns0(ednsSize, opt.Do())
	}
	reply.Truncate(size)
	reply.Compress = true
	b, err := reply.Pack()
	if err != nil {
		return nil
	}
	return b
}

// recordsOf are those that answer a question; known tells whether there is an answer to it,
// if only that the name has none of the kind, as a name with addresses has of the other
// family.
func recordsOf(q dns.Question, value string) (records []dns.RR, known bool) {
	header := func(kind uint16) dns.RR_Header {
		return dns.RR_Header{Name: q.Name, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
	}
	if q.Qtype == dns.TypePTR {
		name := strings.TrimSpace(value)
		_, isName := dns.IsDomainName(name)
		_, notAddress := netip.ParseAddr(name)
		if !isName || notAddress == nil || strings.ContainsAny(name, " ,") || name == "" {
			return nil, false
		}
		return []dns.RR{&dns.PTR{Hdr: header(dns.TypePTR), Ptr: dns.Fqdn(name)}}, true
	}
	if q.Qtype != dns.TypeA && q.Qtype != dns.TypeAAAA && q.Qtype != dns.TypeANY {
		return nil, false
	}
	for _, word := range strings.FieldsFunc(value, func(r rune) bool { return r == ' ' || r == ',' }) {
		ip, err := netip.ParseAddr(word)
		if err != nil || ip.Zone() != "" {
			continue
		}
		known = true
		switch {
		case ip.Is4() && q.Qtype != dns.TypeAAAA:
			records = append(records, &dns.A{Hdr: header(dns.TypeA), A: ip.AsSlice()})
		case ip.Is6() && q.Qtype != dns.TypeA:
			records = append(records, &dns.AAAA{Hdr: header(dns.TypeAAAA), AAAA: ip.AsSlice()})
		}
	}
	return records, known
}
