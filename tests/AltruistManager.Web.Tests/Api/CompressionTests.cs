using System.IO.Compression;
using System.Net;
using AltruistManager.Selection;

namespace AltruistManager.Web.Tests.Api;

public sealed class CompressionTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Bulk = "/api/v1/selections?region=us-east";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Bulk_body_comes_compressed_as_asked_with_a_tag_of_its_own() => await WithLargeBodyAsync(async () =>
    {
        using var plain = await GetAsync(Bulk, null);
        var text = await plain.Content.ReadAsByteArrayAsync(Cancellation);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Contains("Accept-Encoding", plain.Headers.Vary);
        var tags = new HashSet<string> { plain.Headers.ETag!.Tag };

        foreach (var (coding, accepted) in new[] { ("gzip", "gzip"), ("br", "gzip, deflate, br"), ("gzip", "br;q=0, gzip") })
        {
            using var answer = await GetAsync(Bulk, accepted);
            Assert.Equal([coding], answer.Content.Headers.ContentEncoding);
            Assert.Contains("Accept-Encoding", answer.Headers.Vary);
            Assert.False(answer.Headers.ETag!.IsWeak);
            tags.Add(answer.Headers.ETag.Tag);
            var body = await answer.Content.ReadAsByteArrayAsync(Cancellation);
            Assert.Equal(body.Length, answer.Content.Headers.ContentLength);
            Assert.True(body.Length < text.Length / 2, $"{coding}: {body.Length} of {text.Length} bytes");
            Assert.Equal(text, await UnpackAsync(coding, body));

            using var again = await GetAsync(Bulk, accepted, answer.Headers.ETag.Tag);
            Assert.Equal((HttpStatusCode.NotModified, answer.Headers.ETag), (again.StatusCode, again.Headers.ETag));
            Assert.Contains("Accept-Encoding", again.Headers.Vary);
            using var other = await GetAsync(Bulk, accepted, plain.Headers.ETag.Tag);
            Assert.Equal(HttpStatusCode.OK, other.StatusCode);
        }

        Assert.Equal(3, tags.Count);
    });

    [Theory]
    [InlineData("identity")]
    [InlineData("deflate, zstd")]
    [InlineData("gzip;q=0")]
    public async Task Whoever_takes_none_of_our_compressions_gets_the_body_as_it_is(string accepted) => await WithLargeBodyAsync(async () =>
    {
        using var answer = await GetAsync(Bulk, accepted);
        Assert.Empty(answer.Content.Headers.ContentEncoding);
        Assert.StartsWith("{", await answer.Content.ReadAsStringAsync(Cancellation));
    });

    [Fact]
    public async Task Small_bulk_body_is_not_compressed_and_keeps_its_tag()
    {
        using var plain = await GetAsync("/api/v1/selections?region=global", null);
        using var asked = await GetAsync("/api/v1/selections?region=global", "gzip, br");
        Assert.Empty(asked.Content.Headers.ContentEncoding);
        Assert.Equal(plain.Headers.ETag, asked.Headers.ETag);
    }

    [Fact]
    public async Task Lists_are_compressed_and_streams_are_not()
    {
        using var list = await GetAsync("/api/v1/altruists", "gzip");
        Assert.Equal(["gzip"], list.Content.Headers.ContentEncoding);
        Assert.Contains("items", System.Text.Encoding.UTF8.GetString(await UnpackAsync("gzip", await list.Content.ReadAsByteArrayAsync(Cancellation))));

        using var client = picks.App.Client(picks.App.Portal.DefaultRequestHeaders.Authorization!.Parameter);
        client.DefaultRequestHeaders.Add("Accept-Encoding", "gzip, br");
        using var listener = await Listener.OpenAsync(client, "us-east");
        Assert.Equal("snapshot", (await listener.NextAsync()).Event);
    }

    private async Task<HttpResponseMessage> GetAsync(string path, string? accepted, string? tag = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (accepted is not null)
            request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        if (tag is not null)
            request.Headers.TryAddWithoutValidation("If-None-Match", tag);
        return await picks.App.Portal.SendAsync(request, Cancellation);
    }

    private async Task WithLargeBodyAsync(Func<Task> act)
    {
        var holder = picks.App.Services.GetRequiredService<SnapshotHolder>();
        var real = holder.Current;
        holder.Swap(FabricatedSnapshots.Of("fabricated", [], 0, 500, [.. Enumerable.Range(1, 100).Select(number => ($"chain-{number}", (long)number))]));
        try
        {
            await act();
        }
        finally
        {
            holder.Swap(real);
        }
    }

    private static async Task<byte[]> UnpackAsync(string coding, byte[] body)
    {
        using var input = new MemoryStream(body);
        await using Stream unpacking = coding == "br" ? new BrotliStream(input, CompressionMode.Decompress) : new GZipStream(input, CompressionMode.Decompress);
        using var output = new MemoryStream();
        await unpacking.CopyToAsync(output, Cancellation);
        return output.ToArray();
    }
}
