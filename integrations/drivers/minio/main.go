// The driver `minio` of Chopsticks: S3 operations by Go's minio-go.
//
// Speaks the driver protocol (docs/reference/driver-protocol.md) over its standard input and output.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

type hello struct {
	Endpoint    string `json:"endpoint"`
	Region      string `json:"region"`
	Addressing  string `json:"addressing"`
	TLSVerify   bool   `json:"tls_verify"`
	CAFile      string `json:"ca_file"`
	Retries     int    `json:"retries"`
	ConnectMs   int    `json:"connect_ms"`
	OperationMs int    `json:"operation_ms"`
	Read        string `json:"read"`
	InFlight    int    `json:"in_flight"`
}

type question struct {
	ID           uint64 `json:"id"`
	Op           string `json:"op"`
	Bucket       string `json:"bucket"`
	Key          string `json:"key"`
	Body         int    `json:"body"`
	Offset       int64  `json:"offset"`
	Length       *int64 `json:"length"`
	StorageClass string `json:"storage_class"`
	PartSize     uint64 `json:"part_size"`
	Concurrency  uint   `json:"concurrency"`
	Prefix       string `json:"prefix"`
	MaxKeys      int    `json:"max_keys"`
	Pages        int    `json:"pages"`
	Delimiter    string `json:"delimiter"`
	StartAfter   string `json:"start_after"`
}

type figures struct {
	Requests uint64 `json:"requests"`
	Retries  uint64 `json:"retries"`
}

type answer struct {
	ID        uint64  `json:"id"`
	OK        bool    `json:"ok"`
	Status    int     `json:"status,omitempty"`
	Retries   uint64  `json:"retries,omitempty"`
	Bytes     *int64  `json:"bytes,omitempty"`
	Entries   *int    `json:"entries,omitempty"`
	Truncated bool    `json:"truncated,omitempty"`
	Body      int     `json:"body,omitempty"`
	Code      string  `json:"code,omitempty"`
	Message   string  `json:"message,omitempty"`
	Class     string  `json:"class,omitempty"`
	Figures   figures `json:"figures"`
}

// What of an operation's requests is counted as they leave.
type attempts struct {
	sent     atomic.Uint64
	repeated atomic.Uint64
	mutex    sync.Mutex
	seen     map[string]bool
}

type attemptsKey struct{}

// Counts every request, and those that are a request once more.
type countingTransport struct {
	inner    http.RoundTripper
	requests atomic.Uint64
	retries  atomic.Uint64
}

func (t *countingTransport) RoundTrip(request *http.Request) (*http.Response, error) {
	t.requests.Add(1)
	if of, ok := request.Context().Value(attemptsKey{}).(*attempts); ok {
		of.sent.Add(1)
		what := request.Method + " " + request.URL.Path + "?" + request.URL.RawQuery
		of.mutex.Lock()
		if of.seen[what] {
			of.repeated.Add(1)
			t.retries.Add(1)
		}
		of.seen[what] = true
		of.mutex.Unlock()
	}
	return t.inner.RoundTrip(request)
}

type driver struct {
	hello     hello
	core      minio.Core
	transport *countingTransport
	writing   sync.Mutex
	out       *bufio.Writer
}

func transportFor(h hello) (http.RoundTripper, error) {
	config := &tls.Config{InsecureSkipVerify: !h.TLSVerify, MinVersion: tls.VersionTLS12}
	if h.CAFile != "" {
		text, err := os.ReadFile(h.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(text)
	}
	dialer := &net.Dialer{Timeout: time.Duration(h.ConnectMs) * time.Millisecond}
	return &http.Transport{
		DialContext:         dialer.DialContext,
		TLSClientConfig:     config,
		MaxIdleConns:        h.InFlight,
		MaxIdleConnsPerHost: h.InFlight,
		DisableCompression:  true,
	}, nil
}

func newDriver(h hello) (*driver, error) {
	target, err := url.Parse(h.Endpoint)
	if err != nil {
		return nil, err
	}
	inner, err := transportFor(h)
	if err != nil {
		return nil, err
	}
	transport := &countingTransport{inner: inner}
	lookup := minio.BucketLookupPath
	if h.Addressing == "virtual" {
		lookup = minio.BucketLookupDNS
	}
	core, err := minio.NewCore(target.Host, &minio.Options{
		Creds:        credentials.NewEnvAWS(),
		Secure:       target.Scheme == "https",
		Region:       h.Region,
		Transport:    transport,
		BucketLookup: lookup,
		MaxRetries:   h.Retries + 1,
	})
	if err != nil {
		return nil, err
	}
	return &driver{hello: h, core: *core, transport: transport,
		out: bufio.NewWriterSize(os.Stdout, 1<<16)}, nil
}

func (d *driver) tell(a answer, body []byte) {
	a.Body = len(body)
	d.writing.Lock()
	defer d.writing.Unlock()
	// Under the lock, so that what is told later is never less.
	a.Figures = figures{d.transport.requests.Load(), d.transport.retries.Load()}
	line, _ := json.Marshal(a)
	d.out.Write(line)
	d.out.WriteByte('\n')
	d.out.Write(body)
	if d.out.Flush() != nil {
		os.Exit(1)
	}
}

func (d *driver) list(ctx context.Context, q question, a *answer) error {
	entries := 0
	token := ""
	after := q.StartAfter
	for page := 1; ; page++ {
		got, err := d.core.ListObjectsV2(q.Bucket, q.Prefix, after, token, q.Delimiter, q.MaxKeys)
		if err != nil {
			return err
		}
		entries += len(got.Contents) + len(got.CommonPrefixes)
		if !got.IsTruncated || page == q.Pages {
			a.Entries = &entries
			a.Truncated = got.IsTruncated
			return ctx.Err()
		}
		token = got.NextContinuationToken
	}
}

func (d *driver) get(ctx context.Context, q question, a *answer) ([]byte, error) {
	var how minio.GetObjectOptions
	if q.Length != nil {
		if err := how.SetRange(q.Offset, q.Offset+*q.Length-1); err != nil {
			return nil, err
		}
	}
	reader, _, _, err := d.core.GetObject(ctx, q.Bucket, q.Key, how)
	if err != nil {
		return nil, err
	}
	defer reader.Close()
	if d.hello.Read == "bytes" {
		return io.ReadAll(reader)
	}
	size, err := io.Copy(io.Discard, reader)
	a.Bytes = &size
	return nil, err
}

func (d *driver) do(ctx context.Context, q question, sent []byte, a *answer) ([]byte, error) {
	switch q.Op {
	case "put", "multipart_put":
		how := minio.PutObjectOptions{StorageClass: q.StorageClass, DisableMultipart: true}
		if q.Op == "multipart_put" {
			how.DisableMultipart = false
			how.PartSize = q.PartSize
			how.NumThreads = q.Concurrency
		}
		_, err := d.core.Client.PutObject(ctx, q.Bucket, q.Key, bytes.NewReader(sent),
			int64(len(sent)), how)
		return nil, err
	case "get":
		return d.get(ctx, q, a)
	case "head":
		info, err := d.core.StatObject(ctx, q.Bucket, q.Key, minio.StatObjectOptions{})
		if err == nil {
			a.Bytes = &info.Size
		}
		return nil, err
	case "delete":
		return nil, d.core.RemoveObject(ctx, q.Bucket, q.Key, minio.RemoveObjectOptions{})
	case "list":
		return nil, d.list(ctx, q, a)
	case "head_bucket":
		there, err := d.core.BucketExists(ctx, q.Bucket)
		if err == nil && !there {
			a.Status = http.StatusNotFound
			err = errors.New("no such bucket")
		}
		return nil, err
	}
	a.Status = http.StatusNotImplemented
	a.Code = "NotImplemented"
	return nil, fmt.Errorf("no operation %s", q.Op)
}

func explain(err error, a *answer) {
	a.Message = err.Error()
	said := minio.ToErrorResponse(err)
	var dial *net.OpError
	switch {
	case a.Status != 0:
	case errors.Is(err, context.DeadlineExceeded):
		a.Class = "timeout"
	case errors.As(err, &dial) && dial.Op == "dial":
		a.Class = "connect_failed"
	case said.StatusCode != 0:
		a.Status = said.StatusCode
		a.Code = said.Code
		a.Message = said.Message
	case errors.As(err, &dial) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		a.Class = "connection_lost"
	default:
		a.Class = "bad_response"
	}
}

func (d *driver) perform(q question, sent []byte) {
	of := &attempts{seen: map[string]bool{}}
	ctx, done := context.WithTimeout(context.WithValue(context.Background(), attemptsKey{}, of),
		time.Duration(d.hello.OperationMs)*time.Millisecond)
	defer done()
	a := answer{ID: q.ID}
	body, err := d.do(ctx, q, sent, &a)
	if err == nil {
		a.OK = true
		if a.Status == 0 {
			a.Status = http.StatusOK
		}
	} else {
		body = nil
		explain(err, &a)
	}
	a.Retries = of.repeated.Load()
	d.tell(a, body)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	line, err := in.ReadBytes('\n')
	if err != nil {
		return
	}
	var h hello
	if err := json.Unmarshal(line, &h); err != nil {
		fail(err)
	}
	d, err := newDriver(h)
	if err != nil {
		fail(err)
	}
	fmt.Println(`{"ready":1,"name":"minio","version":"` + version + `",` +
		`"operations":["put","multipart_put","get","head","delete","list","head_bucket"],` +
		`"figures":[{"name":"requests","unit":"requests","kind":"counter",` +
		`"description":"that minio-go has sent, each attempt of its own"},` +
		`{"name":"retries","unit":"attempts","kind":"counter",` +
		`"description":"of these a request that an operation had sent before"}]}`)
	var all sync.WaitGroup
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			break
		}
		var q question
		if err := json.Unmarshal(line, &q); err != nil {
			fail(err)
		}
		body := make([]byte, q.Body)
		if _, err := io.ReadFull(in, body); err != nil {
			fail(err)
		}
		all.Add(1)
		go func() {
			defer all.Done()
			d.perform(q, body)
		}()
	}
	all.Wait()
}
