using System.Globalization;
using System.IO.Compression;
using AltruistManager.Transparency;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Api;

/// <summary>The public log for those who verify it (contract 3.3; docs/log-format.md).</summary>
internal static class TransparencyApi
{
    private const string ForEver = "public, max-age=31536000, immutable";

    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static void MapTransparency(this IEndpointRouteBuilder api)
    {
        var log = api.MapGroup("/transparency").AllowPublic().WithTags("Public");
        log.MapGet("/head", HeadAsync)
            .WithName("getLogHead").WithSummary("The newest entry of the public log, signed")
            .Produces<HeaderDocument>().ProducesProblems(503);
        log.MapGet("/entries", ListAsync)
            .WithName("listLogEntries").WithSummary("Headers of entries: newest first, or with from oldest first; next goes on in the same direction")
            .Produces<Page<HeaderDocument>>().ProducesProblems(400);
        log.MapMethods("/entries/{generation:long}", Methods, FindAsync)
            .WithName("getLogEntry").WithSummary("The canonical bytes of an entry, exactly as they were hashed")
            .Produces<object>().Produces(StatusCodes.Status304NotModified).ProducesProblems(404, 410);
        log.MapMethods("/entries/{generation:long}/header", Methods, FindHeaderAsync)
            .WithName("getLogEntryHeader").WithSummary("The bytes that were signed; the signature and its key are in the headers Altruist-Signature and Altruist-Key")
            .Produces<string>(contentType: "text/plain").ProducesProblems(404);
        log.MapGet("/key", KeysAsync)
            .WithName("getLogKeys").WithSummary("The public keys, oldest first, each with the range of generations that it signed")
            .Produces<KeysDocument>().ProducesProblems(503);
    }

    private static async Task<IResult> HeadAsync(PublicLog log, HttpContext context, CancellationToken cancellation)
    {
        if (await log.HeadAsync(cancellation) is not { } head)
            return NothingYet();
        context.Response.Headers.CacheControl = "no-cache";
        return TypedResults.Ok(HeaderDocument.Of(head, await log.KeysAsync(cancellation)));
    }

    private static async Task<IResult> ListAsync(string? from, Paging paging, PublicLog log, CancellationToken cancellation)
    {
        if (paging.Problem is { } wrong)
            return wrong;
        long start = 0;
        if (from is not null && !TryGeneration(from, out start))
            return Problems.BadField("from", "must be a generation");
        long before = long.MaxValue;
        if (paging.Before is { } text && !TryGeneration(text, out before))
            return Problems.BadField("before", "must be what next of another answer was");
        if (from is not null && paging.Before is not null)
            return Problems.BadField("before", "goes the other way than from: give one of the two");

        var rows = from is null ? await log.HeadersBeforeAsync(before, paging.Fetch, cancellation) : await log.HeadersAsync(start, paging.Fetch, cancellation);
        var keys = await log.KeysAsync(cancellation);
        var page = paging.Of(rows, row => HeaderDocument.Of(row, keys), row => Text(row.Generation));
        // From the one after on, which is the one too many that was asked for.
        return TypedResults.Ok(from is null || page.Next is null ? page : page with { Next = Text(rows[^1].Generation) });
    }

    private static async Task<IResult> FindAsync(long generation, PublicLog log, HttpContext context, CancellationToken cancellation)
    {
        // Many ask whether it is still the same, or what it is hashed to: only who reads the body, which may have megabytes, loads it.
        if (await log.FindHeaderAsync(generation, cancellation) is not { } entry)
            return Problems.Unknown("entry", Text(generation));
        if (!entry.IsKept)
            return Expired(entry.Header, log.KeepDays);

        var response = context.Response;
        await DescribeAsync(response.Headers, entry.Header, log, cancellation);
        var compressed = Negotiation.Takes(context.Request, "br");
        var tag = compressed ? $"\"{entry.Header.BodyHash}-br\"" : $"\"{entry.Header.BodyHash}\"";
        response.Headers.CacheControl = ForEver;
        response.Headers.Vary = "Accept-Encoding";
        response.Headers.ETag = tag;
        if (Negotiation.Has(context.Request, tag))
            return TypedResults.StatusCode(StatusCodes.Status304NotModified);
        if (compressed)
            response.Headers.ContentEncoding = "br";
        if (HttpMethods.IsHead(context.Request.Method))
        {
            response.ContentType = "application/json";
            return TypedResults.Empty;
        }

        if (await log.FindBodyAsync(generation, cancellation) is not { } body)
            return Expired(entry.Header, log.KeepDays);
        return compressed ? TypedResults.Bytes(body, "application/json") : TypedResults.Stream(new BrotliStream(new MemoryStream(body), CompressionMode.Decompress), "application/json");
    }

    private static async Task<IResult> FindHeaderAsync(long generation, PublicLog log, HttpContext context, CancellationToken cancellation)
    {
        if (await log.FindHeaderAsync(generation, cancellation) is not { } entry)
            return Problems.Unknown("entry", Text(generation));
        await DescribeAsync(context.Response.Headers, entry.Header, log, cancellation);
        context.Response.Headers.CacheControl = ForEver;
        return TypedResults.Text(entry.Header.ToText(), "text/plain");
    }

    private static async Task<IResult> KeysAsync(PublicLog log, HttpContext context, CancellationToken cancellation)
    {
        if (await log.HeadAsync(cancellation) is not { } head)
            return NothingYet();
        context.Response.Headers.CacheControl = "no-cache";
        var keys = await log.KeysAsync(cancellation);
        return TypedResults.Ok(new KeysDocument(
            head.Origin, keys.Count == 0 ? null : keys[^1].Id,
            [
                .. keys.Select((key, i) => new KeyDocument(
                    key.Id, "ECDSA P-256 with SHA-256", key.FromGeneration, i + 1 < keys.Count ? keys[i + 1].FromGeneration - 1 : null, key.PublicKey, key.Pem)),
            ]));
    }

    private static Problem NothingYet() => Problems.Unavailable("starting", "Nothing was published yet.", 1);

    private static Problem Expired(LogHeader header, int keepDays) => new(
        410, "body-expired", "This body is no longer kept",
        $"Bodies are kept for {keepDays} days; this one is of {ApiJson.Rfc3339(DateTimeOffset.FromUnixTimeMilliseconds(header.At))}. Its header is kept for ever: /api/v1/transparency/entries/{Text(header.Generation)}/header.");

    private static async Task DescribeAsync(IHeaderDictionary headers, LogHeader header, PublicLog log, CancellationToken cancellation)
    {
        headers["Altruist-Generation"] = Text(header.Generation);
        headers["Altruist-Hash"] = header.Hash;
        headers["Altruist-Previous-Hash"] = header.PreviousHash;
        headers["Altruist-Body-Hash"] = header.BodyHash;
        headers.XContentTypeOptions = "nosniff";
        if (header.Signature is null)
            return;
        headers["Altruist-Signature"] = header.Signature;
        headers["Altruist-Key"] = LogKey.Of(await log.KeysAsync(cancellation), header.Generation)?.Id;
    }

    private static bool TryGeneration(string text, out long generation) => long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out generation);

    private static string Text(long generation) => generation.ToString(CultureInfo.InvariantCulture);
}

/// <param name="Signature">ECDSA P-256 with SHA-256, DER, in base64; null in entries of before the first key.</param>
/// <param name="Key">Id of the key it fits.</param>
/// <param name="Signed">The text whose UTF-8 bytes were signed.</param>
internal sealed record HeaderDocument(
    string Origin, long Generation, string Hash, DateTimeOffset At, string Trigger, long Round, bool IsRound, DateTimeOffset ScheduledAt, string BodyHash, string PreviousHash,
    string? Signature, string? Key, string Signed)
{
    public static HeaderDocument Of(LogHeader header, IReadOnlyList<LogKey> keys) => new(
        header.Origin, header.Generation, header.Hash, DateTimeOffset.FromUnixTimeMilliseconds(header.At), header.Trigger, header.Round, header.IsRound,
        DateTimeOffset.FromUnixTimeMilliseconds(header.ScheduledAt), header.BodyHash, header.PreviousHash, header.Signature,
        header.Signature is null ? null : LogKey.Of(keys, header.Generation)?.Id, header.ToText());
}

/// <param name="Current">Id of the newest.</param>
internal sealed record KeysDocument(string Origin, string? Current, IReadOnlyList<KeyDocument> Keys);

/// <param name="Id">SHA-256 of the SubjectPublicKeyInfo, in hex.</param>
/// <param name="From">The first entry that it signed.</param>
/// <param name="To">The last it can have signed; null while it is in use.</param>
/// <param name="PublicKey">SubjectPublicKeyInfo in base64; the same as in <paramref name="Pem"/>.</param>
internal sealed record KeyDocument(string Id, string Algorithm, long From, long? To, string PublicKey, string Pem);
