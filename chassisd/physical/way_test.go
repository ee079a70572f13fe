package physical

import (
	"strings"
	"testing"

	"github.com/weft-sdn/weft/ofctrl/ofp"
	"github.com/weft-sdn/weft/ofctrl/ovstest"
)

// TestWay: a question is turned round where a flow leads to the port and nowhere
// else, comes back to the agent, and reaches no VM.
func TestWay(t *testing.T) {
	ovs := ovstest.StartBridge(t, "p1")
	ovs.Vsctl("add-port", ovstest.Bridge, "tun", "--", "set", "interface", "tun", "ofport_request=9", "type=geneve",
		"options:remote_ip=10.0.0.2", "options:key=flow")
	ovs.Ofctl("add-tlv-map", "{class=0x102,type=0x80,len=4}->tun_metadata0")
	flows := append(Static(), Tunnel(9)...)
	flows = append(flows, Local(Port{Datapath: 1, Key: 1, Ofport: 1})...)
	flows = append(flows, Remote(RemotePort{Datapath: 1, Key: 3, Tunnel: 9})...)
	for _, f := range flows {
		ovs.Ofctl("add-flow", f.String())
	}
	const there, back = ",dl_type=0x88b5,dl_dst=02:00:00:00:00:01", ",dl_type=0x88b5,dl_dst=02:00:00:00:00:02"
	for _, c := range []struct{ name, packet, want string }{
		{"known", "in_port=9,tun_id=1,tun_metadata0=0x3" + there, "output:9"},
		{"not known", "in_port=9,tun_id=1,tun_metadata0=0x4" + there, "Datapath actions: drop"},
		{"a port that is here", "in_port=9,tun_id=1,tun_metadata0=0x1" + there, "Datapath actions: drop"},
		{"comes back", "in_port=9,tun_id=1,tun_metadata0=0x1" + back, "CONTROLLER"},
		{"a VM's own", "in_port=9,tun_id=1,tun_metadata0=0x50001" + back, "resubmit(,62)"},
	} {
		out := ovs.Appctl("ofproto/trace", "br-int", c.packet)
		if !strings.Contains(strings.ReplaceAll(out, "controller(", "CONTROLLER("), c.want) {
			t.Errorf("%s: no %q in\n%s", c.name, c.want, out)
		}
	}
	out := AskWay(RemotePort{Datapath: 1, Key: 3, Tunnel: 9})
	if got := out.Actions.String(); got != "set_field:0x1->tun_id,set_field:0x3->tun_metadata0,move:NXM_NX_REG14[0..14]->NXM_NX_TUN_METADATA0[16..30],output:9" {
		t.Error(got)
	}
	if p := out.Packet; len(p) != 60 || p[0] != 2 || p[5] != 1 || p[12] != 0x88 || p[13] != 0xb5 {
		t.Errorf("frame %x", p)
	}
	fields := map[ofp.Field]uint64{ofp.Metadata: 7<<40 | 1, ofp.Reg15: 3, ofp.InPort: 9}
	if got := WayTo(func(f ofp.Field) uint64 { return fields[f] }); got != (RemotePort{Datapath: 1, Key: 3, Tunnel: 9}) {
		t.Errorf("%+v", got)
	}
}
