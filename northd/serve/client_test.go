package serve

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/weft-sdn/weft/proto"
)

// probe is a connection of JSON-RPC (RFC 7047 section 4).
type probe struct {
	t    *testing.T
	conn net.Conn
	dec  *json.Decoder
}

func newProbe(t *testing.T, path string) *probe {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &probe{t, c, json.NewDecoder(c)}
}

// recv returns the next message, as text.
func (p *probe) recv() string {
	p.t.Helper()
	p.conn.SetDeadline(time.Now().Add(20 * time.Second))
	var m json.RawMessage
	if err := p.dec.Decode(&m); err != nil {
		p.t.Fatal(err)
	}
	return string(m)
}

// call sends a request and returns its reply; what comes before is dropped.
func (p *probe) call(request string) string {
	p.t.Helper()
	if _, err := p.conn.Write([]byte(request)); err != nil {
		p.t.Fatal(err)
	}
	for {
		if got := p.recv(); !strings.Contains(got, `"method"`) {
			return got
		}
	}
}

// well checks that no part of the northd has failed: Check finds no difference.
func (d *daemon) well() {
	d.t.Helper()
	c, err := grpc.NewClient("unix:"+d.path("admin"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(d.t.Context(), 10*time.Second)
	defer cancel()
	r, err := proto.NewAdminClient(c).Status(ctx, &proto.StatusRequest{})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, p := range r.Parts {
		if p.State == proto.State_STATE_FAILED {
			d.t.Errorf("%s: %s", p.Name, p.Reason)
		}
	}
}

// leads waits until the northd leads.
func (d *daemon) leads() {
	d.t.Helper()
	p := newProbe(d.t, d.path("nb"))
	got := p.call(`{"id":1,"method":"monitor_cond","params":["_Server","m",{"Database":[{"columns":["leader"],"where":[["name","==","OVN_Northbound"]]}]}]}`)
	for !strings.Contains(got, `"leader":true`) {
		got = p.recv()
	}
}

// closed waits until the server has closed the connection.
func (p *probe) closed() {
	p.t.Helper()
	p.conn.SetDeadline(time.Now().Add(30 * time.Second))
	for {
		var m json.RawMessage
		if err := p.dec.Decode(&m); errors.Is(err, os.ErrDeadlineExceeded) {
			p.t.Fatal("the connection is still there")
		} else if err != nil {
			return
		}
	}
}

// serves waits until the northd lets clients in.
func (d *daemon) serves() {
	d.t.Helper()
	c, err := grpc.NewClient("unix:"+d.path("admin"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(d.t.Context(), 20*time.Second)
	defer cancel()
	stream, err := healthpb.NewHealthClient(c).Watch(ctx, &healthpb.HealthCheckRequest{})
	for err == nil {
		var r *healthpb.HealthCheckResponse
		if r, err = stream.Recv(); r.GetStatus() == healthpb.HealthCheckResponse_SERVING {
			return
		}
	}
	d.t.Fatalf("northd does not serve: %v", err)
}
