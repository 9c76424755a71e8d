using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Api;

/// <summary>The public log as an outsider reads it: without a key, and without any code of ours.</summary>
public sealed class TransparencyApiTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private const string Log = "/api/v1/transparency";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private HttpClient Anybody => picks.App.Anonymous;

    [Fact]
    public async Task Head_is_signed_by_a_key_that_is_served()
    {
        var round = await picks.RoundAsync();
        var head = await Anybody.GetJsonAsync($"{Log}/head", Cancellation);
        Assert.Equal(round.GetProperty("generation").GetInt64(), head.GetProperty("generation").GetInt64());
        Assert.Equal("manual", head.GetProperty("trigger").GetString());
        var selections = await picks.App.Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation);
        Assert.Equal(selections.GetProperty("origin").GetString(), head.GetProperty("origin").GetString());

        var signed = head.GetProperty("signed").GetString()!;
        foreach (var (line, name) in new[] { ("hash", "hash"), ("previous_hash", "previousHash"), ("body_hash", "bodyHash"), ("origin", "origin") })
            Assert.Contains($"\n{line} {head.GetProperty(name).GetString()}\n", signed, StringComparison.Ordinal);
        Assert.Contains($"\ngeneration {head.GetProperty("generation").GetInt64()}\n", signed, StringComparison.Ordinal);

        using var header = await Anybody.GetAsync($"{Log}/entries/{head.GetProperty("generation").GetInt64()}/header", Cancellation);
        Assert.Equal("text/plain", header.Content.Headers.ContentType!.MediaType);
        Assert.Equal(signed, await header.Content.ReadAsStringAsync(Cancellation));
        foreach (var (name, told) in new[] { ("key", "Altruist-Key"), ("signature", "Altruist-Signature") })
            Assert.Equal(head.GetProperty(name).GetString(), header.Headers.GetValues(told).Single());

        var keys = await Anybody.GetJsonAsync($"{Log}/key", Cancellation);
        var key = keys.GetProperty("keys").EnumerateArray().Single(key => key.GetProperty("id").GetString() == head.GetProperty("key").GetString());
        Assert.Equal(keys.GetProperty("current").GetString(), key.GetProperty("id").GetString());
        using var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(key.GetProperty("pem").GetString());
        var signature = Convert.FromBase64String(head.GetProperty("signature").GetString()!);
        Assert.True(ecdsa.VerifyData(System.Text.Encoding.UTF8.GetBytes(signed), signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.False(ecdsa.VerifyData(System.Text.Encoding.UTF8.GetBytes(signed + " "), signature, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence));
        Assert.Equal(key.GetProperty("id").GetString(), Convert.ToHexStringLower(SHA256.HashData(ecdsa.ExportSubjectPublicKeyInfo())));
    }

    /// <summary>As they stand in docs/log-format.md, but for the address.</summary>
    [Fact]
    public async Task The_documented_lines_of_the_shell_verify_the_head_and_the_hashes_of_its_entry()
    {
        var document = await File.ReadAllTextAsync(Path.Combine(Checkout.Root, "docs", "log-format.md"), Cancellation);
        var blocks = document.Split("```bash\n").Skip(1).Select(block => block[..block.IndexOf("```", StringComparison.Ordinal)]).ToList();
        var folder = Directory.CreateTempSubdirectory("altruist-manager-test-").FullName;
        try
        {
            var told = await ShellAsync($"""
                set -eo pipefail
                {blocks[0].Replace("https://altruists.example", picks.App.Address.GetLeftPart(UriPartial.Authority), StringComparison.Ordinal)}
                G=$(jq -r .generation head.json)
                {blocks[1]}
                """);
            using var head = JsonDocument.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "head.json"), Cancellation));
            Assert.Equal(["Verified OK", .. new[] { "key", "bodyHash", "hash" }.Select(name => head.RootElement.GetProperty(name).GetString()!)], told.Split('\n').Select(line => line.Replace("  -", "", StringComparison.Ordinal)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        async Task<string> ShellAsync(string script)
        {
            using var shell = Process.Start(new ProcessStartInfo("bash", ["-c", script]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
            var (output, error) = (shell.StandardOutput.ReadToEndAsync(Cancellation), shell.StandardError.ReadToEndAsync(Cancellation));
            await shell.WaitForExitAsync(Cancellation);
            Assert.True(shell.ExitCode == 0, await error);
            return (await output).Trim();
        }
    }

    [Fact]
    public async Task Entry_is_given_as_it_was_hashed_compressed_where_that_is_taken_and_for_ever()
    {
        var head = await Anybody.GetJsonAsync($"{Log}/head", Cancellation);
        var path = $"{Log}/entries/{head.GetProperty("generation").GetInt64()}";
        using var plain = await Anybody.GetAsync(path, Cancellation);
        var body = await plain.Content.ReadAsByteArrayAsync(Cancellation);
        var bodyHash = SHA256.HashData(body);
        Assert.Equal(head.GetProperty("bodyHash").GetString(), Convert.ToHexStringLower(bodyHash));
        byte[] both = [.. Convert.FromHexString(head.GetProperty("previousHash").GetString()!), .. bodyHash];
        Assert.Equal(head.GetProperty("hash").GetString(), Convert.ToHexStringLower(SHA256.HashData(both)));
        Assert.Equal(head.GetProperty("hash").GetString(), plain.Headers.GetValues("Altruist-Hash").Single());
        Assert.Equal(head.GetProperty("signature").GetString(), plain.Headers.GetValues("Altruist-Signature").Single());
        Assert.Contains("immutable", plain.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        Assert.Empty(plain.Content.Headers.ContentEncoding);
        Assert.Contains("Accept-Encoding", plain.Headers.Vary);
        Assert.DoesNotContain("127.0.0.1", System.Text.Encoding.UTF8.GetString(body), StringComparison.Ordinal);

        using var asking = new HttpRequestMessage(HttpMethod.Get, path);
        asking.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("br"));
        using var compressed = await Anybody.SendAsync(asking, Cancellation);
        Assert.Equal(["br"], compressed.Content.Headers.ContentEncoding);
        await using var brotli = new BrotliStream(await compressed.Content.ReadAsStreamAsync(Cancellation), CompressionMode.Decompress);
        using var unpacked = new MemoryStream();
        await brotli.CopyToAsync(unpacked, Cancellation);
        Assert.Equal(body, unpacked.ToArray());
        Assert.NotEqual(plain.Headers.ETag, compressed.Headers.ETag);

        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(plain.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await Anybody.SendAsync(again, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Asking_for_the_headers_of_an_entry_alone_tells_what_its_bytes_would_be()
    {
        var path = $"{Log}/entries/{(await Anybody.GetJsonAsync($"{Log}/head", Cancellation)).GetProperty("generation").GetInt64()}";
        using var whole = await Anybody.GetAsync(path, Cancellation);
        using var head = await Anybody.SendAsync(new HttpRequestMessage(HttpMethod.Head, path), Cancellation);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Equal(whole.Headers.ETag, head.Headers.ETag);
        Assert.Equal(whole.Content.Headers.ContentType, head.Content.Headers.ContentType);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancellation));
    }

    [Fact]
    public async Task Headers_are_paged_in_both_directions_and_make_one_chain()
    {
        for (var round = 0; round < 3; round++)
            await picks.RoundAsync();
        var oldestFirst = await PagesAsync("from=0", "from");
        var newestFirst = await PagesAsync("", "before");
        newestFirst.Reverse();
        Assert.Equal(oldestFirst.Select(header => header.ToString()), newestFirst.Select(header => header.ToString()));
        Assert.True(oldestFirst.Count > 4);
        var previous = new string('0', 64);
        foreach (var header in oldestFirst)
        {
            Assert.Equal(previous, header.GetProperty("previousHash").GetString());
            previous = header.GetProperty("hash").GetString();
        }

        async Task<List<JsonElement>> PagesAsync(string start, string way)
        {
            var all = new List<JsonElement>();
            for (var query = start; ;)
            {
                var page = await Anybody.GetJsonAsync($"{Log}/entries?limit=2&{query}", Cancellation);
                all.AddRange(page.GetProperty("items").EnumerateArray());
                if (page.GetProperty("next").GetString() is not { } next)
                    return all;
                query = $"{way}={next}";
            }
        }
    }

    [Fact]
    public async Task Forgotten_body_is_gone_with_a_word_on_how_long_they_are_kept_and_its_header_stays()
    {
        await picks.RoundAsync();
        var first = (await Anybody.GetJsonAsync($"{Log}/entries?from=0&limit=1", Cancellation)).GetProperty("items")[0];
        var generation = first.GetProperty("generation").GetInt64();
        await picks.App.Services.GetRequiredService<Database>().WriteAsync(
            async write =>
            {
                await write.ExecuteAsync("update log_entries set body = null where generation = @generation", new { generation });
                await write.ExecuteAsync("delete from log_decisions where generation = @generation", new { generation });
            },
            Cancellation);

        var problem = await Anybody.GetProblemAsync($"{Log}/entries/{generation}", Cancellation);
        Assert.Equal((410, "body-expired"), (problem.Status, problem.Slug));
        Assert.Contains("30 days", problem.Detail, StringComparison.Ordinal);
        Assert.Equal(first.GetProperty("signed").GetString(), await Anybody.GetStringAsync($"{Log}/entries/{generation}/header", Cancellation));

        // An outsider is told from where on it was replayed.
        using var verification = LogVerification.OfUrl(picks.App.Address, TimeProvider.System);
        var report = await verification.RunAsync(0, long.MaxValue, null, Cancellation);
        Assert.Null(report.Difference);
        Assert.Equal(1, report.Forgotten);
        Assert.True(report.Replayed > 0);
        var second = (await Anybody.GetJsonAsync($"{Log}/entries?from={generation + 1}&limit=1", Cancellation)).GetProperty("items")[0].GetProperty("generation").GetInt64();
        Assert.Equal(second, report.FirstKept?.Generation);
        Assert.Equal((report.Replayed - 1, second), (await verification.RunAsync(second + 1, long.MaxValue, null, Cancellation)) is { Difference: null } part ? (part.Replayed, second) : default);
    }

    [Theory]
    [InlineData("entries/1", 404, "unknown-entry")]
    [InlineData("entries/1/header", 404, "unknown-entry")]
    [InlineData("entries?from=x", 400, "bad-fields")]
    [InlineData("entries?from=1&before=2", 400, "bad-fields")]
    [InlineData("entries?limit=201", 400, "bad-fields")]
    public async Task Wrong_question_says_what_is_wrong(string path, int status, string slug)
    {
        var problem = await Anybody.GetProblemAsync($"{Log}/{path}", Cancellation);
        Assert.Equal((status, slug), (problem.Status, problem.Slug));
    }

    [Fact]
    public async Task Before_the_first_entry_there_is_no_head()
    {
        await using var empty = await AppFixture.StartAsync();
        Assert.Equal(0, (await empty.Anonymous.GetJsonAsync($"{Log}/entries", Cancellation)).GetProperty("items").GetArrayLength());
        Assert.Equal(503, (await empty.Anonymous.GetProblemAsync($"{Log}/head", Cancellation)).Status);
        Assert.Equal(503, (await empty.Anonymous.GetProblemAsync($"{Log}/key", Cancellation)).Status);
    }
}
