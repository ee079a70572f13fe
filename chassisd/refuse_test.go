package chassisd

import (
	"bytes"
	"encoding/hex"
	"path/filepath"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"github.com/weft-sdn/weft/chassisd/internal/packettest"
	"github.com/weft-sdn/weft/schema/sb"
)

// TestRefuses sends what stock ovn-controller rejected through the switch, the
// agent, and the switch: a tracked packet, and an error that the nested actions
// change, the packet in it too.
func TestRefuses(t *testing.T) {
	f, h := oneHV(t)
	tx := filepath.Join(h.Dir, "tx.pcap")
	h.Vsctl("set", "interface", "vm1", "options:tx_pcap="+tx)
	const back = `outport <-> inport; next(pipeline=egress, table=0);`
	chunk := string(sb.EncodeFlows([]sb.Flow{
		{Pipeline: sb.Ingress, Table: 1, Priority: 200, Match: "ip", Actions: "pkt.mark = 7; ct_next;", Stage: "acl"},
		{Pipeline: sb.Ingress, Table: 2, Priority: 200, Match: "ct.trk && ip", Actions: "reject { " + back + " };", Stage: "acl"},
		{Pipeline: sb.Ingress, Table: 2, Priority: 300, Match: "ct.trk && ip4 && ip.ttl == 7", Stage: "acl",
			Actions: "icmp4_error { eth.dst <-> eth.src; ip4.dst <-> ip4.src; ip.ttl = 254; icmp4.type = 3; icmp4.code = 4; " +
				"icmp4.frag_mtu = 1400; icmp4.inner_ip4.src = 10.9.9.9; " + back + " };"},
	}))
	f.put(map[string]*string{flowPrefix + dp1.String() + "/acl": &chunk})
	f.sync(h)
	defer func() {
		if t.Failed() {
			t.Logf("sent out last: %v\n%s\n%s", lastPacket(tx), h.statusText(), h.Ofctl("dump-flows"))
		}
	}()

	stock := map[string]packettest.StockPacket{}
	for _, s := range packettest.Stock(t) {
		stock[s.Name] = s
	}
	// The switch fills short frames up.
	answer := func(name string, ok func(gopacket.Packet) bool) {
		t.Helper()
		h.Appctl("netdev-dummy/receive", "vm1", hex.EncodeToString(stock[name].Sent))
		h.Eventually("the answer to "+name, func() bool {
			p := lastPacket(tx)
			return p != nil && ok(p)
		})
	}
	for _, name := range []string{"tcp4 syn", "udp4 empty", "udp4 big", "sctp4 init", "tcp6 syn", "udp6", "sctp6 init", "icmp6 echo"} {
		answer(name, func(p gopacket.Packet) bool { return bytes.HasPrefix(p.Data(), stock[name].Answered) })
	}
	answer("udp4", func(p gopacket.Packet) bool {
		icmp, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4)
		if !ok || icmp.TypeCode != layers.CreateICMPv4TypeCode(3, 4) || icmp.Seq != 1400 {
			return false
		}
		ip := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		quoted := gopacket.NewPacket(icmp.Payload, layers.LayerTypeIPv4, gopacket.Default).Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		return ip.TTL == 254 && ip.SrcIP.String() == "10.0.0.2" && ip.DstIP.String() == "10.0.0.1" && quoted.SrcIP.String() == "10.9.9.9"
	})
}
