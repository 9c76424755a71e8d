using System.IO.Compression;
using System.Text;
using AltruistManager.Probing;

namespace AltruistManager.Tests.Probing;

/// <summary>Measures what the whole process allocates, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(CompressedBombTests), DisableParallelization = true)]
public sealed class Alone;

[Collection(nameof(CompressedBombTests))]
public sealed class CompressedBombTests : IDisposable
{
    private readonly ProbeBench bench = new();

    public void Dispose() => bench.Dispose();

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    [InlineData("deflate")]
    public async Task Compressed_bomb_stays_small(string encoding)
    {
        var packed = new MemoryStream();
        await using (Stream pack = encoding switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            "br" => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            _ => new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true),
        })
        {
            await pack.WriteAsync("{\"a\":["u8.ToArray(), TestContext.Current.CancellationToken);
            var zeros = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("0,", 500_000)));
            for (var megabyte = 0; megabyte < 100; megabyte++)
                await pack.WriteAsync(zeros, TestContext.Current.CancellationToken);
        }

        await using var node = new TestNode(async exchange =>
        {
            await exchange.SendAsync($"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {packed.Length}\r\n\r\n");
            await exchange.SendAsync(packed.ToArray());
        });
        await bench.ProbeAsync(node.Url);
        var before = GC.GetTotalAllocatedBytes(precise: true);

        var result = await bench.ProbeAsync(node.Url);

        Assert.Equal(ProbeOutcome.TooLarge, result.Outcome);
        // The test's own copy of the packed bytes included.
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, packed.Length + 30_000_000);
    }
}
