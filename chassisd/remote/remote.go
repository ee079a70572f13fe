package remote

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"
)

// Option is the key in SB_Global.options.
const Option = "weft-etcd"

// ErrNoOption: the server is not weft's, or does not know its etcd.
var ErrNoOption = errors.New("SB_Global.options has no weft-etcd")

// timeout bounds the asking of one server.
const timeout = 5 * time.Second

type sbGlobal struct {
	UUID    string            `ovsdb:"_uuid"`
	Options map[string]string `ovsdb:"options"`
}

// Ask asks the servers, OVSDB addresses, in turn for the endpoints of etcd
// (as the option holds them, comma separated). tlsConfig is for ssl: addresses.
func Ask(ctx context.Context, servers []string, tlsConfig *tls.Config) (string, error) {
	var errs []error
	for _, s := range servers {
		endpoints, err := ask(ctx, s, tlsConfig)
		if err == nil {
			return endpoints, nil
		}
		errs = append(errs, fmt.Errorf("%s: %w", s, err))
	}
	return "", fmt.Errorf("remote: no server tells where etcd is: %w", errors.Join(errs...))
}

func ask(ctx context.Context, server string, tlsConfig *tls.Config) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m, err := model.NewClientDBModel("OVN_Southbound", map[string]model.Model{"SB_Global": &sbGlobal{}})
	if err != nil {
		return "", err
	}
	cl, err := client.NewOVSDBClient(m, client.WithEndpoint(server), client.WithTLSConfig(tlsConfig))
	if err != nil {
		return "", err
	}
	defer cl.Close()
	if err := cl.Connect(ctx); err != nil {
		return "", err
	}
	ops := []ovsdb.Operation{{Op: ovsdb.OperationSelect, Table: "SB_Global", Where: []ovsdb.Condition{}, Columns: []string{"options"}}}
	results, err := cl.Transact(ctx, ops...)
	if err != nil {
		return "", err
	}
	if _, err := ovsdb.CheckOperationResults(results, ops); err != nil {
		return "", err
	}
	for _, row := range results[0].Rows {
		if options, ok := row["options"].(ovsdb.OvsMap); ok {
			if s, ok := options.GoMap[Option].(string); ok && s != "" {
				return s, nil
			}
		}
	}
	return "", ErrNoOption
}
