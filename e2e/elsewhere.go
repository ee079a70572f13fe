package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/weft-sdn/weft/schema"
	"github.com/weft-sdn/weft/schema/sb"
)

// BindElsewhere binds all logical ports but one to so many chassis of which
// there are only the rows in the Southbound database, for measurements:
// compute-N has the ports of tunnel key N. Ports of greater keys stay as they
// are.
func (s *Sandbox) BindElsewhere(ctx context.Context, chassis int, but string) error {
	return s.Backend.bindElsewhere(ctx, s, chassis, but)
}

func elsewhere(i int) (name, ip string) { return fmt.Sprint("compute-", i), fmt.Sprint("10.0.1.", i) }

func (Weft) bindElsewhere(ctx context.Context, s *Sandbox, chassis int, but string) error {
	c, err := dialEtcd(s)
	if err != nil {
		return err
	}
	defer c.Close()
	var ops []clientv3.Op
	put := func(name, table string, row schema.Row) {
		value := schema.EncodeRow(sb.Schema().Table(table), row, func(c *schema.Column) bool { return c.Owner == schema.OwnerChassis })
		ops = append(ops, clientv3.OpPut(sb.RecordKey(name, table, row.RowUUID()), string(value)))
	}
	for i := 1; i <= chassis; i++ {
		name, ip := elsewhere(i)
		encap := &sb.Encap{Header: schema.Header{UUID: schema.NameUUID("Encap", name)}, ChassisName: name, Type: "geneve", IP: ip}
		put(name, "Encap", encap)
		row := &sb.Chassis{Header: schema.Header{UUID: schema.NameUUID("Chassis", name)}, Name: name, Hostname: name, Encaps: []schema.UUID{encap.UUID}}
		put(name, "Chassis", row)
	}
	r, err := c.Get(ctx, sb.Prefix+"Port_Binding/", clientv3.WithPrefix())
	if err != nil {
		return fmt.Errorf("e2e: etcd: %w", err)
	}
	for _, kv := range r.Kvs {
		id, err := schema.ParseUUID(strings.TrimPrefix(string(kv.Key), sb.Prefix+"Port_Binding/"))
		if err != nil {
			return fmt.Errorf("e2e: %s: %w", kv.Key, err)
		}
		row, err := schema.DecodeRow(sb.Schema().Table("Port_Binding"), id, kv.Value)
		if err != nil {
			return fmt.Errorf("e2e: %s: %w", kv.Key, err)
		}
		p := row.(*sb.PortBinding)
		if p.LogicalPort == but || p.TunnelKey > int64(chassis) {
			continue
		}
		name, _ := elsewhere(int(p.TunnelKey))
		where, up := schema.NameUUID("Chassis", name), true
		put(name, "Port_Binding", &sb.PortBinding{Header: schema.Header{UUID: id}, Chassis: &where, Up: &up})
	}
	for some := range slices.Chunk(ops, 100) {
		if _, err := c.Txn(ctx).Then(some...).Commit(); err != nil {
			return fmt.Errorf("e2e: etcd: %w", err)
		}
	}
	return nil
}

func (OVN) bindElsewhere(_ context.Context, s *Sandbox, chassis int, but string) error {
	type object = map[string]any
	ops := []any{"OVN_Southbound"}
	for i := 1; i <= chassis; i++ {
		name, ip := elsewhere(i)
		uuid := fmt.Sprint("chassis", i)
		encap := fmt.Sprint("encap", i)
		ops = append(ops,
			object{"op": "insert", "table": "Encap", "uuid-name": encap, "row": object{"chassis_name": name, "type": "geneve", "ip": ip}},
			object{"op": "insert", "table": "Chassis", "uuid-name": uuid, "row": object{"name": name, "hostname": name, "encaps": []any{"named-uuid", encap}}},
			object{"op": "update", "table": "Port_Binding", "where": []any{[]any{"tunnel_key", "==", i}, []any{"logical_port", "!=", but}},
				"row": object{"chassis": []any{"named-uuid", uuid}, "up": true}})
	}
	text, err := json.Marshal(ops)
	if err != nil {
		return err
	}
	out, err := s.toolAt(s.ns("fab"), s.Dir, "ovsdb-client", "transact", "unix:"+s.Dir+"/sb.sock", string(text))
	if err != nil {
		return err
	}
	if strings.Contains(out, `"error"`) {
		return fmt.Errorf("e2e: ovsdb-client: %s", out)
	}
	return nil
}

// dialEtcd connects to the etcd of a sandbox.
func dialEtcd(s *Sandbox) (*clientv3.Client, error) {
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{"unix://" + s.Dir + "/etcd.sock"}, DialTimeout: 5 * time.Second})
	if err != nil {
		return nil, fmt.Errorf("e2e: etcd: %w", err)
	}
	return c, nil
}
